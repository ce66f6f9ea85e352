import { S3Error } from '../s3-error.ts';
import type { FormFields } from './form-fields.ts';

/** What a form has to be like, as its signer says. */
export interface Policy {
  readonly expiresAtMs: number;
  readonly conditions: readonly FieldCondition[];
  /** The file's size. */
  readonly leastBytes: number;
  readonly mostBytes: number;
}

interface FieldCondition {
  readonly test: 'eq' | 'starts-with';
  /** With its `$`. */
  readonly variable: string;
  readonly value: string;
}

interface SizeCondition {
  readonly leastBytes: number;
  readonly mostBytes: number;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */
export function parsePolicy(base64: string): Policy {
  const document = parsed(Buffer.from(base64, 'base64').toString('utf8'));
  const { expiration, conditions, ...others } = document;
  const [unexpected] = Object.keys(others);
  if (unexpected !== undefined) throw invalid(`Unexpected: '${unexpected}'`);
  if (expiration === undefined) throw invalid('Policy missing expiration.');
  if (conditions === undefined) throw invalid('Policy missing conditions.');
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  const all = conditions.map((condition: unknown) => readCondition(condition));
  const sizes = all.filter((condition) => 'leastBytes' in condition);
  return {
    expiresAtMs: readExpiration(expiration),
    conditions: all.filter((condition) => 'test' in condition),
    leastBytes: Math.max(0, ...sizes.map(({ leastBytes }) => leastBytes)),
    mostBytes: Math.min(Number.POSITIVE_INFINITY, ...sizes.map(({ mostBytes }) => mostBytes)),
  };
}

/** Holds the form against its policy, but for the size of its file, which is not known yet. */
export function verifyPolicy(policy: Policy, fields: FormFields, bucket: string, nowMs: number): void {
  if (nowMs > policy.expiresAtMs) throw denied('Policy expired.');
  for (const condition of policy.conditions) {
    if (!holds(condition, fields, bucket))
      throw failed([condition.test, condition.variable, condition.value]);
  }
  const covered = new Set(policy.conditions.map(({ variable }) => variable.slice(1).toLowerCase()));
  const extra = fields.names().find(([name]) => !covered.has(name) && !needsNoCondition(name));
  if (extra) throw denied(`Extra input fields: ${extra[1]}`);
}

function needsNoCondition(name: string): boolean {
  return name === 'policy' || name === 'x-amz-signature' || name.startsWith('x-ignore-');
}

function holds({ test, variable, value }: FieldCondition, fields: FormFields, bucket: string): boolean {
  if (!variable.startsWith('$')) return false;
  const name = variable.slice(1).toLowerCase();
  // Where the form was sent to counts, not what it says about that.
  const given = name === 'bucket' ? bucket : fields.get(name);
  if (given === undefined) return false;
  if (test === 'eq') return given === value;
  const parts = name === 'content-type' ? given.split(',').map((part) => part.trim()) : [given];
  return parts.every((part) => part.startsWith(value));
}

function parsed(text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
      return document as Record<string, unknown>;
    }
  } catch {
    // Refused below.
  }
  throw invalid('Invalid JSON.');
}

function readExpiration(value: unknown): number {
  const text = String(value);
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw invalid(`Invalid 'expiration' value: '${text}'`);
  return time;
}

function readCondition(condition: unknown): FieldCondition | SizeCondition {
  if (Array.isArray(condition)) return readList(condition);
  if (typeof condition !== 'object' || condition === null) {
    throw invalid('Invalid condition test: must be a List or Object.');
  }
  const [property, ...others] = Object.entries(condition as Record<string, unknown>);
  if (!property || others.length > 0) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.');
  }
  const [name, value] = property;
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.');
  return { test: 'eq', variable: `$${name}`, value };
}

function readList([operation, ...values]: readonly unknown[]): FieldCondition | SizeCondition {
  if (typeof operation !== 'string') throw invalid('Invalid Condition: missing operation identifier.');
  const test = operation.toLowerCase();
  if (test !== 'eq' && test !== 'starts-with' && test !== 'content-length-range') {
    throw invalid(`Invalid Condition: unknown operation '${operation}'.`);
  }
  const [first, second] = values;
  if (values.length !== 2) throw invalid(`Invalid ${operation}: wrong number of arguments.`);
  if (test === 'content-length-range') return readSizes(operation, first, second);
  if (typeof first !== 'string' || typeof second !== 'string') throw invalid('Invalid JSON.');
  return { test, variable: first, value: second };
}

function readSizes(operation: string, ...values: readonly [unknown, unknown]): SizeCondition {
  if (values.some((value) => typeof value === 'number' && (!Number.isSafeInteger(value) || value < 0))) {
    throw invalid('Invalid JSON.');
  }
  const [leastBytes, mostBytes] = values.map((value) =>
    /^\d{1,15}$/.test(String(value)) ? Number(value) : undefined,
  );
  if (leastBytes === undefined || mostBytes === undefined) throw failed([operation, ...values.map(String)]);
  return { leastBytes, mostBytes };
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidPolicyDocument', { message: `Invalid Policy: ${message}` });
}

function denied(message: string): S3Error {
  return new S3Error('AccessDenied', { message: `Invalid according to Policy: ${message}` });
}

function failed(condition: readonly string[]): S3Error {
  const text = condition.map((part) => JSON.stringify(part)).join(', ');
  return denied(`Policy Condition failed: [${text}]`);
}
