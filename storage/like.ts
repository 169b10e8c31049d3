import { sql, type RawBuilder } from 'kysely'

/** The right side of a LIKE: whatever contains the text, in which no character stands for others. */
export function containing(text: string): RawBuilder<string> {
  return sql<string>`${`%${text.replace(/[\\%_]/g, '\\$&')}%`} escape '\\'`
}
