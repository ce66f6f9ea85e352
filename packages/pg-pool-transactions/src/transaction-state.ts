/**
 * active ─→ committing ─┬→ committed
 *    │                  ├→ rolled back
 *    │                  └→ in doubt      (the connection died between COMMIT and its answer)
 *    └───→ rolling back ──→ rolled back
 */
export type TransactionState =
  | 'active'
  | 'committing'
  | 'rolling back'
  | 'committed'
  | 'rolled back'
  | 'in doubt';
