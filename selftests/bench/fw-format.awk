# Says a file of fw-rules.awk in the words of another firewall, -v format=:
#
#   linear    nft, three chains of rules, in their order
#   concat    nft, one verdict map of addresses, protocol and port with ranges (pipapo)
#   hash      nft, one verdict map of as many exact tuples: not the same rules, and no order
#   ipset     for ipset restore: hash:net,port,net, and a hash:net,net for each wide range of ports, of which
#             hash:net,port,net would have an element a port
#   iptables  for iptables-restore: the rules that ask those sets
#
# Ours reads the file as it is. What matches nothing is dropped.

BEGIN {
	nft["allow"] = "accept"; nft["deny"] = "drop"; nft["pass"] = format == "linear" ? "return" : "continue"
	split("org host sandbox", layers, " ")
	if (format == "iptables") print "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]"
	if (format ~ /^(linear|concat|hash)$/) print "table ip fw {"
	if (format ~ /^(concat|hash)$/) {
		print "\tmap rules {\n\t\ttype ipv4_addr . ipv4_addr . inet_proto . inet_service : verdict"
		print (format == "concat" ? "\t\tflags interval\n" : "") "\t\telements = {"
	}
}

format == "linear" {
	match_on = ""
	if ($5 !~ /\/0$/) match_on = match_on " ip saddr " one($5)
	if ($6 !~ /\/0$/) match_on = match_on " ip daddr " one($6)
	if ($7 == 0 && $8 == 65535) { if ($4 != "any") match_on = match_on " ip protocol " $4 }
	else match_on = match_on " " $4 " dport " ports("-")
	chain[$1] = chain[$1] "\t\t" substr(match_on, 2) " " nft[$3] "\n"
	# A text that grows for ever is slow.
	if (++held[$1] % 500 == 0) { part[$1, ++parts[$1]] = chain[$1]; chain[$1] = "" }
}

format == "concat" {
	print "\t\t\t" wide($5) " . " wide($6) " . " ($4 == "any" ? "0-255" : $4) " . " ports("-") " : " nft[$3] ","
}

format == "hash" {
	split($5, a, "/"); split($6, b, "/")
	print "\t\t\t" a[1] " . " b[1] " . " ($4 == "any" ? "tcp" : $4) " . " $7 " : " nft[$3] ","
}

format ~ /^ip/ && $3 != "pass" {
	spread = $8 - $7 > 16
	name = (spread ? $4 "-" $7 "-" $8 : "ports") "-" $3
	if (!(name in sets)) {
		sets[name] = spread
		if (format == "ipset") print "create " name " hash:net," (spread ? "" : "port,") "net maxelem 4194304"
		if (format == "iptables") ask(name)
	}
	if (format == "ipset") {
		n = split(halves($5), a, " ")
		m = split(halves($6), b, " ")
		for (i = 1; i <= n; i++)
			for (j = 1; j <= m; j++)
				print "add " name " " a[i] "," (spread ? "" : $4 ":" ports("-") ",") b[j]
	}
}

END {
	if (format == "linear") {
		for (i = 1; i <= 3; i++) {
			print "\tchain " layers[i] " {"
			for (j = 1; j <= parts[i]; j++) printf "%s", part[i, j]
			print chain[i] "\t}"
		}
		print "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;"
		for (i = 1; i <= 3; i++) print "\t\tjump " layers[i]
		print "\t}\n}"
	}
	if (format == "hash") print "\t\t\t100.127.1.7 . 10.250.1.9 . udp . 8005 : accept"
	if (format ~ /^(concat|hash)$/) {
		print "\t\t}\n\t}\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;"
		print "\t\tip saddr . ip daddr . ip protocol . th dport vmap @rules\n\t}\n}"
	}
	if (format == "iptables") print "COMMIT"
}

function one(prefix) { sub(/\/32$/, "", prefix); return prefix }

function wide(prefix) { return prefix ~ /\/0$/ ? "0.0.0.0-255.255.255.255" : one(prefix) }

# ipset knows no /0.
function halves(prefix) { return prefix ~ /\/0$/ ? "0.0.0.0/1 128.0.0.0/1" : prefix }

function ports(dash) { return $7 == $8 ? $7 : $7 dash $8 }

function ask(name, on) {
	on = "-A INPUT"
	if ($4 != "any" && spread) on = on " -p " $4 ($7 ? " -m " $4 " --dport " $7 ":" $8 : "")
	print on " -m set --match-set " name " src," (spread ? "" : "dst,") "dst -j " ($3 == "allow" ? "ACCEPT" : "DROP")
}
