# Draws SAMPLES packets for a file of fw-rules.awk, as lines of fw-send: half of them lie within a rule, a
# quarter just beyond the end of one, a quarter anywhere. With -v want=FILE the verdicts that the rules mean, found by trying
# one by one, go there: + or -.

BEGIN { state = 4711 }
{ for (i = 1; i <= 8; i++) field[NR, i] = $i; prefix($5, NR, "s"); prefix($6, NR, "d") }

END {
	for (n = 0; n < samples; n++) {
		sport = 1024 + draw(60000)
		protocol = draw(2) ? "tcp" : "udp"
		src = (100 * 256 + 64 + draw(64)) * 65536 + draw(65536)
		dst = (10 * 256 + draw(256)) * 65536 + draw(65536)
		port = draw(65536)
		if (n % 4 < 3) near(1 + draw(NR), n % 4 == 2)
		print protocol, text(src), sport, text(dst), port
		answers = answers verdict()
	}
	if (want) print answers >want
}

function draw(below) {
	state = (state * 16807) % 2147483647
	return int(state / 2147483647 * below)
}

function prefix(word, n, side, part, byte) {
	split(word, part, "/")
	split(part[1], byte, ".")
	low[n, side] = ((byte[1] * 256 + byte[2]) * 256 + byte[3]) * 256 + byte[4]
	high[n, side] = low[n, side] + 2 ^ (32 - part[2]) - 1
}

# A side that is open stays as it was drawn.
function near(rule, beyond, what) {
	if (high[rule, "s"] < 2 ^ 32 - 1) src = within(low[rule, "s"], high[rule, "s"])
	if (high[rule, "d"] < 2 ^ 32 - 1) dst = within(low[rule, "d"], high[rule, "d"])
	port = within(field[rule, 7], field[rule, 8])
	if (field[rule, 4] != "any") protocol = field[rule, 4]
	if (!beyond) return
	what = draw(4)
	if (what == 0 && high[rule, "s"] < 2 ^ 32 - 1) src = high[rule, "s"] + 1
	else if (what == 1 && high[rule, "d"] < 2 ^ 32 - 1) dst = high[rule, "d"] + 1
	else if (what == 2) port = (field[rule, 8] + 1) % 65536
	else protocol = protocol == "tcp" ? "udp" : "tcp"
}

function within(a, b) { return a + int(draw(65536) / 65536 * (b - a + 1)) }

function text(a) { return int(a / 16777216) "." int(a / 65536) % 256 "." int(a / 256) % 256 "." a % 256 }

function verdict(i) {
	for (i = 1; i <= NR; i++)
		if (src >= low[i, "s"] && src <= high[i, "s"] && dst >= low[i, "d"] && dst <= high[i, "d"] && \
		    port >= field[i, 7] && port <= field[i, 8] && (field[i, 4] == "any" || field[i, 4] == protocol) && \
		    field[i, 3] != "pass") return field[i, 3] == "allow" ? "+" : "-"
	return "-"
}
