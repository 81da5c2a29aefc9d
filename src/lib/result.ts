/** What became of something the world handed us: a value, or why not, in words for a user. */
export type Result<T> =
  | { readonly ok: T; readonly reason?: undefined }
  | { readonly ok?: undefined; readonly reason: string };
