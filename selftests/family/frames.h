/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames that a sandbox of boxes.h makes itself, byte for byte, and whether they come through.
 */
#ifndef LBMESH_SELFTESTS_FRAMES_H
#define LBMESH_SELFTESTS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Learns where the host's end of a's veth is. Returns 0, or not when that failed. */
int host_mac_read(int host);
/* Sends a frame of a's own making to the host. Returns 0 or a negative errno. */
int send_frame(const char *ifname, uint16_t type, const void *payload, size_t size);
/* Opens a socket that sees what comes up at an interface after the port; -1 when that failed. */
int listen_frames(const char *ifname, uint16_t type);

/*
 * A datagram of 8 bytes from a to c, port 54. The fragment is what its field holds, and the length
 * in the header is wrong by the error. These return the size.
 */
size_t udp4(uint8_t *frame, unsigned int ihl, uint16_t fragment, int length_error);
/* The same with an extension header; -1 is none. */
size_t udp6(uint8_t *frame, int header);
/* Makes the checksum of the IPv4 header at the front of a frame right, by the length that it says. */
void ipv4_checksum(uint8_t *frame);
/* Whether the namespace gets the packet that the other sends as a frame; both by eth0. */
bool arrives(int from, int to, uint16_t type, const void *frame, size_t size);

#endif
