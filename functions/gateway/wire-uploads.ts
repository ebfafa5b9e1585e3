import { type Environment, storeConnection } from '../../shared/config/environment.ts';
import type { UploadParts } from '../../shared/middleware/uploaded-body.ts';
import { S3Uploads } from '../../shared/store/upload-bucket.ts';
import { FolderUploads } from '../../shared/store/upload-folder.ts';

/** Where uploads lie, and how large they may be; undefined where there is no place for them. */
export function wireUploads(environment: Environment): UploadParts['uploads'] {
  const {
    SLUICE_UPLOAD_BUCKET: bucket,
    SLUICE_UPLOAD_FOLDER: folder,
    SLUICE_UPLOAD_SIGNING_KEY: signingKey,
    AWS_ENDPOINT_URL_S3: endpoint,
  } = environment;
  const maxBytes = environment.SLUICE_UPLOAD_MAX_MB * 1024 * 1024;
  const { region, credentials } = storeConnection(environment);
  if (bucket !== undefined && credentials !== undefined)
    return { store: new S3Uploads({ bucket, region, credentials, endpoint }), maxBytes };
  return folder === undefined || signingKey === undefined ? undefined : { store: new FolderUploads(folder, signingKey), maxBytes };
}
