import { built, type Section } from './item.ts';

/** Garbage collector, namespace and quota controllers. */
export const controllers: Section = {
  N1: built('A collection of a namespace is deleted in one request.'),
  N2: built('What is left of a namespace is seen as metadata, and none is left in the end.'),
  N3: built('Every namespaced kind can be listed and deleted one by one, too.'),
  N4: built('What holds a machine holds its namespace, whose conditions name it.'),
  N5: built('A list after a deletion shows what is left and nothing else.'),
  N6: built('While the server is away no namespace is taken for empty.'),
  N7: built('Namespaces that waited for the server finish when it is back, and nothing of them is left.'),
  N8: built('What is left in a namespace that the host no longer has, or has anew, is deleted'),
  N10: built('The garbage collector follows our kinds, and works.'),
  N11: built('Owners are found by kind and identity; machines of owners that are gone go.'),
  N12: built('A deletion names the identity that is meant, and another one stays.'),
  N13: built('Owners and finalizers are taken off by the patches of the garbage collector.'),
  N14: built('Deleted in the foreground, an owner goes after what blocks it.'),
  N15: built('Owners and what they own may be on either side.'),
  N16: built('The quota controller counts machines.'),
  N17: built('Who reads all of discovery is told of the group that is missing, and finds it again.'),
};
