# Makes lines of what the program topology has measured (build/bench/topology.*.raw), with lines.awk in front; and
# the files for topology-plot.gp: "hosts, ours, full recompute" in PLOT.growth.
#
#   -v largest=HOSTS -v sizes="100 300 ..." -v plot=PLOT

$1 ~ /^[a-z]+\.[0-9]+(\.[a-z_]+)?$/ && NF == 2 { add($1, $2); next }
{ fail("not understood: " $0) }

function ms(value) { return number(value / 1e6) " ms" }
function kb(value) { return number(value / 1000) " kB" }

function goal_of(ratio, limit) { return ratio <= limit ? "met" : "missed" }

function change(id, title, name, goal, ours, theirs, ratio) {
	ours = median(name "." largest)
	theirs = median("recompute." largest)
	ratio = ours / theirs
	text(id, title, ms(ours), "full recompute", ms(theirs), ratio_of(ours, theirs), goal, \
		goal == "" ? "" : goal_of(ratio, goal))
}

# prefix: "", or "records_" for what is sent besides whole fragments.
function bytes(id, title, name, prefix, goal, ours, least) {
	ours = median(name "." largest "." prefix "wire")
	least = median(name "." largest "." prefix "floor")
	text(id, title, kb(ours), "floor", kb(least), \
		sprintf("%.3f", ours / least), goal, goal == "" ? "" : goal_of(ours / least, goal))
}

END {
	many = largest >= 1000 ? largest / 1000 "k" : largest
	networks = largest >= 10000 ? largest / 10000 "k" : largest / 10
	where = many " hosts, " networks " networks"
	change("P13", "a join at " where, "join", 0.01)
	bytes("P13", "bytes on the wire of its records", "join", "records_", 1.2)
	text("P13", "identical to the recompute, byte for byte, in the hub and at 8 agents", \
		median("identical." largest) " logs", "full recompute", median("identical." largest) " logs", "", \
		"", median("identical." largest) > 0 ? "met" : "missed")
	bytes("also", "the same with the whole fragment for who joins", "join", "", "")
	text("also", "frames sent for a join", number(median("join." largest ".frames")))
	change("also", "a leave", "leave", "")
	bytes("also", "bytes on the wire of a leave", "leave", "", "")
	change("also", "a bridge between two networks", "bridge", "")
	bytes("also", "bytes on the wire of a bridge", "bridge", "", "")
	change("also", "one of 100 hosts that rotate their keys, both steps", "rotate", "")
	bytes("also", "bytes on the wire of a rotation", "rotate", "", "")
	text("also", "memory of a subscriber, which follows " number(median("positions." largest)) " logs", \
		number(median("subscriber." largest)) " bytes")
	text("also", "resident memory of the whole process, the world included", \
		number(median("rss." largest) / 1e6) " MB for " median("entries." largest) " entries in " \
		median("logs." largest) " logs, " number(median("history." largest) / 1e6) " MB of history")
	n = split(sizes, list, " ")
	for (i = 1; i <= n; i++)
		printf "%d %.6f %.6f %.6f\n", list[i], median("join." list[i]) / 1e6, median("leave." list[i]) / 1e6, \
			median("recompute." list[i]) / 1e6 >(plot ".growth")
	if (failed) exit 1
}
