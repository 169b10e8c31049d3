/** What stands where something will be: nothing for a moment, since a flash of a word is worse, then the word. */
export function Quiet({ what }: { readonly what?: string }) {
  return (
    <p className="quiet" role="status">
      {what}
    </p>
  )
}
