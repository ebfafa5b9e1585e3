import { type Environment, storeConnection } from '../../shared/config/environment.ts';
import { once } from '../../shared/middleware/once.ts';
import type { UploadParts } from '../../shared/middleware/read-upload.ts';
import type { UploadStore } from '../../shared/uploads/upload-store.ts';

/** Where uploads lie, and how large they may be; undefined where there is no place for them. Most starts never see one. */
export function wireUploads(environment: Environment): UploadParts['uploads'] {
  const open = openerOf(environment);
  return open && { maxBytes: environment.SLUICE_UPLOAD_MAX_MB * 1024 * 1024, store: once(open) };
}

function openerOf(environment: Environment): (() => Promise<UploadStore>) | undefined {
  const {
    SLUICE_UPLOAD_BUCKET: bucket,
    SLUICE_UPLOAD_FOLDER: folder,
    SLUICE_UPLOAD_SIGNING_KEY: signingKey,
    AWS_ENDPOINT_URL_S3: endpoint,
  } = environment;
  const { region, credentials } = storeConnection(environment);
  if (bucket !== undefined && credentials !== undefined) {
    return async () => {
      const { S3Uploads } = await import('../../shared/store/upload-bucket.ts');
      return new S3Uploads({ bucket, region, credentials, endpoint });
    };
  }
  if (folder === undefined || signingKey === undefined) return undefined;
  return async () => {
    const { FolderUploads } = await import('../../shared/store/upload-folder.ts');
    return new FolderUploads(folder, signingKey);
  };
}
