/** Commitments are booked under the id of the application's procedure; people know its number. */
export function referenceLabel(reference: string): string {
  return reference.replace(/^[a-z]+-/, '');
}
