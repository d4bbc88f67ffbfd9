# Prints, as a file of selftests/bench/apply, the delta between two of its files in mode replace:
#
#   awk -f delta.awk OLD NEW
#
# An agent has both states in memory and knows what changed; this is not part of what is measured.

$1 == "replace" { file++; next }
$1 == "device" { device = $2; next }
$1 == "network" { owner = "" }
$1 == "here" { owner = "here"; next }
$1 == "peer" { owner = $2 }
{ id = $1 == "member" ? "member " $3 : $1 " " $2 }
file == 1 { old[id] = $0; old_owner[id] = owner; order[++olds] = id; next }
{
	new[id] = $0
	if (old[id] == $0 && old_owner[id] == owner) next
	if ($1 == "member" && said != owner) text = text (owner == "here" ? "here" : "of " owner) "\n"
	said = owner
	text = text $0 "\n"
}

END {
	printf "delta\non %s\n", device
	# A member goes before its peer does.
	for (pass = 0; pass < 2; pass++)
		for (i = 1; i <= olds; i++) {
			id = order[i]
			if (!(id in new) && (id ~ /^member/) != pass) gone = gone "-" id "\n"
		}
	printf "%s%s", gone, text
}
