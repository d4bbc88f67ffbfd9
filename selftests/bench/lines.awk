# What the tables of the benchmarks share: the measurements, their medians, and lines of which the fields are
# separated by tabs. scripts/bench gives it to awk in front of table.awk or fw-table.awk. Each says in its END
# that it has failed, by status 1.

function fail(why) {
	print "the table: " why >"/dev/stderr"
	failed = 1
}

function add(name, value) { values[name, ++count[name]] = value + 0 }

# The middle one; of two, the mean.
function median(name, n, i, j, swap, sorted) {
	n = count[name]
	if (!n) {
		fail("nothing was measured of " name)
		return 0
	}
	for (i = 1; i <= n; i++) sorted[i] = values[name, i]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && sorted[j - 1] > sorted[j]; j--) {
			swap = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = swap
		}
	return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# Three digits, as people write them.
function number(value, digits) {
	if (value >= 99.95) return sprintf("%.0f", value)
	return value >= 9.995 ? sprintf("%.1f", value) : value >= 0.9995 ? sprintf("%.2f", value) : sprintf("%.3f", value)
}

function ratio_of(a, b) { return b ? sprintf("%.2g", a / b) : "" }

function text(id, title, ours, peer, theirs, ratio, limit, result) {
	printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", id, title, ours, peer, theirs, ratio, limit, result
}
