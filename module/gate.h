/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate of a managed WireGuard interface; see gate.c.
 */
#ifndef _LBM_GATE_H
#define _LBM_GATE_H

#include <linux/types.h>

struct lbm_net;
struct net_device;

int lbm_gate_attach(struct lbm_net *ln, u32 device, int ifindex);
void lbm_gate_open(struct lbm_net *ln, u32 device, int ifindex, bool open);
bool lbm_gate_is_open(struct lbm_net *ln, u32 device, int ifindex);
void lbm_gate_detach(struct lbm_net *ln, u32 device, int ifindex);
int lbm_gate_mtu(struct lbm_net *ln, int ifindex, u32 mtu, u32 *old);
void lbm_gate_detach_all(struct lbm_net *ln);
void lbm_gate_forget(struct lbm_net *ln, struct net_device *dev);
int lbm_gate_guard(struct lbm_net *ln, struct net_device *dev);

#endif /* _LBM_GATE_H */
