import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const folder = fileURLToPath(new URL('../../deploy/', import.meta.url));

/** The text of a file in `deploy`. */
export function deployFile(name: string): string {
  return readFileSync(`${folder}${name}`, 'utf8');
}

export interface Compose {
  services: Record<
    string,
    { environment?: Record<string, string>; command?: string[]; [key: string]: unknown }
  >;
  [key: string]: unknown;
}

export function composeFile(): Compose {
  return parse(deployFile('compose.yaml')) as Compose;
}

export interface EnvironmentEntry {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string }; [key: string]: unknown };
}

export interface Container {
  name: string;
  command?: string[];
  args?: string[];
  env?: EnvironmentEntry[];
  [key: string]: unknown;
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    template?: {
      metadata?: { labels?: Record<string, string> };
      spec: { containers: Container[]; [key: string]: unknown };
    };
    [key: string]: unknown;
  };
}

/** Every document of every file for Kubernetes. */
export function manifests(): Manifest[] {
  return readdirSync(`${folder}kubernetes`).flatMap((name) =>
    parseAllDocuments(deployFile(`kubernetes/${name}`)).map((document) => {
      if (document.errors[0]) throw document.errors[0];
      return document.toJS() as Manifest;
    }),
  );
}

export function containers(): Container[] {
  return manifests().flatMap(({ spec }) => spec.template?.spec.containers ?? []);
}
