import type { Component } from './component.ts';
import { controlPlane } from './control-plane.ts';
import type { ClusterHome } from './home.ts';
import { clusterPorts, upFlags } from './settings.ts';
import { torporApiserver, torporReconcilers } from './torpor.ts';

/**
 * Every process that a cluster may have, in the order of their start, for commands that only need names and records: how
 * they were started stands in the records.
 */
export function everyComponent(home: ClusterHome): readonly Pick<Component, 'name' | 'title' | 'graceMs'>[] {
  const ports = clusterPorts(upFlags['port-base'].fallback ?? 0);
  return [
    ...controlPlane({ home, ports, programs: '-', address: '-' }),
    ...torporApiserver(home, ports.torpor, '-'),
    torporReconcilers(home, ports.torpor),
  ];
}
