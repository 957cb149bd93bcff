import { built, type Section } from './item.ts';

/** Delete and deletecollection. */
export const deletion: Section = {
  X1: built('DeleteOptions from body or query, under any of their versions.'),
  X2: built('Preconditions and options that contradict each other.'),
  X3: built('Policies as finalizers; the object while it is kept, a Status when it is gone.'),
  X4: built('202 for orphanDependents=false; deleting again renews nothing.'),
  X5: built('The uid tells who waits whether it is the same object.'),
  X6: built('Dry runs of deletes; admission sees the old object.'),
  X10: built('deletecollection: selectors, limit, partial progress, the list of what was deleted.'),
  X11: built('deletecollection is a verb of its own for authorization.'),
};
