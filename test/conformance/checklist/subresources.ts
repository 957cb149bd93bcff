import { built, type Section } from './item.ts';

/** Subresources and streams. */
export const subresources: Section = {
  U1: built('the number of replicas is read and written by itself, as a Scale'),
  U2: built('status is read, put and patched by itself and changes nothing else'),
  U3: built('unknown subresources are 404, methods that one has not are 405'),
  U4: built('Upgrades pass the host both ways, and refusals come back as they were said.'),
  U5: built('The protocol of a WebSocket is agreed on end to end, and its bytes are not touched.'),
  U6: built('an upgrade goes the way of every request; a refused one is an ordinary answer, and the connection ends'),
  U7: built('kubectl reaches every path with --raw'),
  U8: built('actions are POST, listed with create, and a right of their own each'),
  U9: built('A dry run of a stream is 400; metrics call a stream CONNECT'),
  U10: built('idle streams are kept, by pings and by TCP, as long as both sides are there'),
};
