export type PhotoErrorCode =
  | 'not-an-image'
  | 'photo-too-large'
  | 'photo-too-many-pixels'
  | 'photos-busy'
  | 'storage-unavailable'
  | 'photo-missing';

/** Why a photo could not be taken in, stored or read. */
export class PhotoError extends Error {
  static {
    this.prototype.name = 'PhotoError';
  }

  readonly code: PhotoErrorCode;

  constructor(code: PhotoErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
