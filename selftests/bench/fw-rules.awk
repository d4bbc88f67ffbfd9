# Writes COUNT rules for the benchmark of firewalls, the same in every run; a line each:
#
#   layer, id, action, protocol, source, destination, first and last destination port
#
# In three layers: half of them belongs to the org, three tenths to the host, the rest to the sandbox. As
# people write them: prefixes of /16 to /32 on both sides, a few with one side open; one port, a few in a row,
# one of the wide ranges, or all; 70 % allow, 25 % deny, 5 % pass. The last one is what the measured packet
# matches.
#
# No two of them match the same packet, since the set that they are compared with (pipapo) takes no two that
# overlap: then their order says nothing, and every contender has the same verdict.

BEGIN {
	state = 20240817
	split("16 17 18 19 20 21 22 23 25 26 27 28 29 30 31", lengths, " ")
	split("22 53 80 123 443 3306 5432 6379 6443 8080", ports, " ")
	for (i = 1; i < count; i++) {
		do draw_rule(); while (!is_new())
		say(i)
	}
	protocol = "udp"; first = 8000; last = 8015; action = "allow"
	src = (100 * 256 + 127) * 65536 + 256; src_len = 24
	dst = (10 * 256 + 250) * 65536 + 256; dst_len = 24
	say(count)
}

# A linear congruential generator (Park and Miller, 1988), of which the upper bits count.
function draw(below) {
	state = (state * 16807) % 2147483647
	return int(state / 2147483647 * below)
}

function draw_length(p) {
	p = draw(100)
	return p < 30 ? 32 : p < 60 ? 24 : lengths[1 + draw(15)]
}

function draw_prefix(network, len, size) {
	size = 2 ^ (32 - len)
	return network * 65536 + int(draw(65536) / size) * size
}

function draw_ports(p) {
	p = draw(100)
	first = 0; last = 65535
	if (p < 55) first = last = p < 40 ? ports[1 + draw(10)] : 1 + draw(65000)
	else if (p < 80) { first = 1024 + draw(60000); last = first + 1 + draw(15) }
	else if (p < 88) first = 1024
	else if (p < 92) { first = 30000; last = 32767 }
}

function draw_rule(p) {
	p = draw(100)
	action = p < 70 ? "allow" : p < 95 ? "deny" : "pass"
	p = draw(100)
	protocol = p < 62 ? "tcp" : p < 97 ? "udp" : "any"
	src_len = draw_length(); dst_len = draw_length()
	src = draw_prefix(100 * 256 + 64 + draw(48), src_len)
	dst = draw_prefix(10 * 256 + draw(200), dst_len)
	p = draw(100)
	# One side open: these have a region and a protocol of their own.
	if (p < 5) {
		protocol = "tcp"; src = src_len = 0; dst_len = 24 + draw(9)
		dst = draw_prefix(10 * 256 + 224 + draw(16), dst_len)
	} else if (p < 7) {
		protocol = "udp"; dst = dst_len = 0; src_len = 24 + draw(9)
		src = draw_prefix(100 * 256 + 112 + draw(15), src_len)
	}
	draw_ports()
	if (protocol == "any") { first = 0; last = 65535 }
}

# Those that can overlap have the same upper halves on both sides.
function is_new(bucket, n, i) {
	bucket = int(src / 65536) " " int(dst / 65536)
	n = held[bucket]
	src_end = src + 2 ^ (32 - src_len) - 1
	dst_end = dst + 2 ^ (32 - dst_len) - 1
	for (i = 1; i <= n; i++) {
		split(box[bucket, i], b, " ")
		if (b[1] <= src_end && b[2] >= src && b[3] <= dst_end && b[4] >= dst && b[5] <= last && b[6] >= first && \
		    (b[7] == protocol || b[7] == "any" || protocol == "any")) return 0
	}
	held[bucket] = ++n
	box[bucket, n] = sprintf("%.0f %.0f %.0f %.0f %d %d %s", src, src_end, dst, dst_end, first, last, protocol)
	return 1
}

function text(address, len) {
	return int(address / 16777216) "." int(address / 65536) % 256 "." int(address / 256) % 256 "." address % 256 "/" len
}

function say(i) {
	print (i <= count / 2 ? 1 : i <= count * 0.8 ? 2 : 3), i, action, protocol, text(src, src_len), text(dst, dst_len), first, last
}
