import { S3Error } from './s3-error.ts';

/** An element's content: text, child elements, or several elements of one name; `undefined` leaves the element out. */
export type XmlValue = string | number | boolean | undefined | XmlTree | readonly XmlValue[];

export interface XmlTree {
  readonly [name: string]: XmlValue;
}

export interface XmlElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function writeXml(root: string, tree: XmlTree): string {
  return `${declaration}<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content(tree)}</${root}>`;
}

/** S3's errors, and its answers to forms, are documents without a namespace. */
export function writePlainXml(root: string, tree: XmlTree): string {
  return `${declaration}<${root}>${content(tree)}</${root}>`;
}

function content(value: XmlValue): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return escaped(String(value));
  return Object.entries(value)
    .map(([name, child]) => element(name, child))
    .join('');
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(name, item)).join('');
  // A name may have attributes behind it.
  return `<${name}>${content(value)}</${name.split(' ', 1).join('')}>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters become references, as S3 does: XML 1.0 has no better form, which is why `encoding-type=url` exists. */
function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters that need it
  return text.replaceAll(/[&<>"\u0000-\u001f]/g, (character) => {
    return entities[character] ?? `&#x${(character.codePointAt(0) ?? 0).toString(16)};`;
  });
}

const token =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/** Reads the small documents that S3 takes. No DTD, no CDATA, no foreign entities: what is not plain is `MalformedXML`. */
export function parseXml(text: string, root: string): XmlElement {
  const top: XmlElement = { name: '', children: [], text: '' };
  const open = [top];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    const current = open.at(-1);
    if (!match || !current) throw new S3Error('MalformedXML');
    const [, closing, opening, , selfClosing, characters] = match;
    if (characters !== undefined) current.text += unescaped(characters);
    else if (closing !== undefined) {
      if (current === top || current.name !== closing) throw new S3Error('MalformedXML');
      open.pop();
    } else if (opening !== undefined) {
      const child: XmlElement = { name: opening, children: [], text: '' };
      current.children.push(child);
      if (selfClosing === '') open.push(child);
    }
  }
  const [document] = top.children;
  if (open.length !== 1 || top.children.length !== 1 || document?.name !== root)
    throw new S3Error('MalformedXML');
  return document;
}

/** The text of the first child of that name. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return parent.children.find((child) => child.name === name)?.text;
}

const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|(\w+));|&/g,
    (_, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined && Object.hasOwn(characters, name)) return characters[name] ?? '';
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      if (!(code <= 0x10_ff_ff) || (code >= 0xd8_00 && code <= 0xdf_ff)) throw new S3Error('MalformedXML');
      return String.fromCodePoint(code);
    },
  );
}
