/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The port of an interface with sandboxes behind it; see port.c.
 */
#ifndef _LBM_PORT_H
#define _LBM_PORT_H

struct lbm_generation;
struct lbm_net;
struct net_device;

int lbm_port_attach(struct lbm_net *ln, int ifindex);
void lbm_port_settle(struct lbm_net *ln, const struct lbm_generation *gen);
void lbm_port_forget(struct lbm_net *ln, struct net_device *dev);
int lbm_port_guard(struct lbm_net *ln, struct net_device *dev);

#endif /* _LBM_PORT_H */
