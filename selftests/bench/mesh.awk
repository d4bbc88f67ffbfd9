# Writes a mesh as a file of `wg` (-v format=wg) or of selftests/bench/apply (-v format=lbmesh): COUNT
# peers with one address each, ten to a network, all of them others than ours. Both say the same.
#
#   count     peers
#   from      number of the first (0)
#   generation  other keys for the same addresses (0)
#   port      UDP port of the first peer's endpoint, as a change of one peer (51820)
#   address   number of the first peer's address, as another change of one (its own)
#   rotate    the addresses of the first ROTATE peers move by one peer (0)
#   networks  how many (one for ten peers)
#   reverse   the last peer comes first (0)
#   real      public key of a peer that is really there, at 10.255.0.1, endpoint 192.0.2.2 (none)
#
# Public keys are random bytes, the same in every run: any 32 bytes are a public key to Curve25519,
# and no tunnel comes up with them. The private key guards nothing. Peer 0 is at 10.0.0.1, endpoint
# 198.18.0.1.

BEGIN {
	digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	private = "mAjDyTDQqyPwZ5gxnJBGXIc2OEUvN8hNLBTLUzoLcWU="
	if (!port) port = 51820
	if (address == "") address = from
	if (!networks) networks = int((count + 9) / 10)
	if (format == "wg") {
		print "[Interface]\nPrivateKey = " private "\nListenPort = 51820"
	} else {
		print "replace\ndevice 1 wg0 51820 " private
		for (i = 1; i <= networks; i++) print "network " i
		print "here\nmember 1 10.255.255.254/32"
	}
	if (real) peer(real, "192.0.2.2:51820", "10.255.0.1", 0)
	for (i = 0; i < count; i++) mesh_peer(reverse ? from + count - 1 - i : from + i)
}

function mesh_peer(i, a) {
	a = i == from ? address : i
	if (i < from + rotate) a = from + (i - from + 1) % rotate
	peer(key(i), ipv4(198, 18, i) ":" (i == from ? port : 51820), ipv4(10, 0, a), a)
}

function peer(public, endpoint, ip, a) {
	if (format == "wg") {
		print "[Peer]\nPublicKey = " public "\nEndpoint = " endpoint "\nAllowedIPs = " ip "/32"
	} else {
		print "peer " public " " endpoint
		print "member " int(a / 10) % networks + 1 " " ip "/32"
	}
}

function ipv4(a, b, i) {
	i++
	return a "." b + int(i / 65536) "." int(i / 256) % 256 "." i % 256
}

# A linear congruential generator (Park and Miller, 1988), of which the upper bits count.
function next_digit() {
	state = (state * 16807) % 2147483647
	return substr(digits, int(state / 33554432) + 1, 1)
}

function key(i, n, text) {
	state = (i + 1 + generation * 1000003) * 7919 % 2147483646 + 1
	for (n = 0; n < 8; n++) next_digit()
	for (n = 0; n < 42; n++) text = text next_digit()
	return text "A="
}
