/** The names that ids of calls have; nothing else becomes a part of a path or a pattern. */
const idForm = /^req_[0-9a-z]{10,40}$/;

/** Whether a payload can be kept and found under an id. */
export function isPayloadId(id: string): boolean {
  return idForm.test(id);
}

/** The id, where a payload can be kept under it. @throws RangeError where not. */
export function payloadId(id: string): string {
  if (!isPayloadId(id)) throw new RangeError('a payload whose id is none of ours');
  return id;
}
