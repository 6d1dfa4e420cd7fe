/** The templates of all stacks, and how to find one's way in them. */

import type { Source } from "../../lib/source.ts";

// A template is JSON of any shape; what is looked at is checked where it is looked at.
export type Json = any;

export interface Resource {
  Type: string;
  Properties: Json;
  DeletionPolicy?: string;
}

export interface Template {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, { Value: Json; Export?: { Name: string } }>;
}

/** Templates by the names of their stacks. */
export type Tree = Record<string, Template>;

/** An exception from the rule against wildcards. */
export interface Allowed {
  readonly what: string;
  readonly reason: string;
}

/** Everything that the rules look at. */
export interface Evidence {
  readonly tree: Tree;
  readonly source: Source;
  readonly runbook: string;
  readonly allowed: readonly Allowed[];
}

/** A resource with where it stands. */
export interface Found {
  readonly stack: string;
  readonly id: string;
  readonly resource: Resource;
  readonly props: Json;
}

/** Every resource, or those of some types. */
export function found(tree: Tree, ...types: string[]): Found[] {
  return Object.entries(tree).flatMap(([stack, template]) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => types.length === 0 || types.includes(resource.Type))
      .map(([id, resource]) => ({ stack, id, resource, props: resource.Properties ?? {} })),
  );
}

/** A value as one line of text: references become `stack/id` or `stack/id.Attribute`, wherever they were made. */
export function resolve(tree: Tree, stack: string, value: Json): string {
  if (value === null || typeof value !== "object") return String(value);
  if (value.Ref !== undefined) return value.Ref.startsWith("AWS::") ? `\${${value.Ref}}` : `${stack}/${value.Ref}`;
  if (value["Fn::GetAtt"]) return `${stack}/${value["Fn::GetAtt"].join(".")}`;
  if (value["Fn::Join"]) {
    const [separator, parts] = value["Fn::Join"];
    return parts.map((part: Json) => resolve(tree, stack, part)).join(separator);
  }
  if (value["Fn::ImportValue"]) {
    for (const [producer, template] of Object.entries(tree)) {
      for (const output of Object.values(template.Outputs ?? {})) {
        if (output.Export?.Name === value["Fn::ImportValue"]) return resolve(tree, producer, output.Value);
      }
    }
  }
  return JSON.stringify(value);
}

/** The resource that a reference leads to. */
export function target(tree: Tree, stack: string, value: Json): Found | undefined {
  const [place] = resolve(tree, stack, value).split(".");
  return found(tree).find((one) => `${one.stack}/${one.id}` === place);
}

/** One or many, as many. */
export function list<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The desk's name: that of its table. */
export function deskOf(tree: Tree): string {
  return String(found(tree, "AWS::DynamoDB::Table")[0]?.props.TableName);
}

/** What is in one and not in the other, told either way. */
export function compare(
  actual: Iterable<string>,
  expected: Iterable<string>,
  tooMuch: (one: string) => string,
  missing: (one: string) => string,
): string[] {
  const [have, want] = [new Set(actual), new Set(expected)];
  return [...[...have].filter((one) => !want.has(one)).map(tooMuch), ...[...want].filter((one) => !have.has(one)).map(missing)];
}
