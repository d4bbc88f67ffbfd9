#!/bin/bash
# The kernel's own client of any generic netlink family, tools/net/ynl/cli.py, with our spec: it
# must be able to ask, to commit and to dump, with nothing of ours but the YAML file.
#
# usage: selftests/ynl.sh       (as root, with the module loaded; make -C selftests was run)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"

clone=${here%/*}
linux=${KERNEL_SOURCE:-$clone/build/selftests/linux}
cli=$linux/tools/net/ynl/cli.py
python=/usr/bin/python3

[ -e "$cli" ] || skip_all "no cli.py of a kernel source tree at $linux; run make -C selftests"
"$python" -c 'import yaml, jsonschema' 2>/dev/null ||
	skip_all "python3 has no yaml or no jsonschema"
if [ -z "${LBMESH_YNL_NAMESPACE-}" ]; then
	LBMESH_YNL_NAMESPACE=1 exec unshare -n "$0" "$@"
fi

# cli.py looks for the schema beside the directory of the spec.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/specs"
cp "$clone/Documentation/netlink/specs/lbmesh.yaml" "$scratch/specs/"
cp "$linux/Documentation/netlink/genetlink-legacy.yaml" "$scratch/"

# ynl ARG...: every start of cli.py reads the whole spec, which takes seconds on an emulated CPU.
# The schema is looked at by the first test only.
ynl() { "$python" "$cli" --spec "$scratch/specs/lbmesh.yaml" --no-schema --output-json "$@"; }

key=$(printf '%064d' 7)
commit='{
	"mode": "replace",
	"device": [ { "id": 1, "ifname": "wg0" } ],
	"network": [ { "id": 1, "label": "red" }, { "id": 2 } ],
	"bridge": [ { "id": 1, "network-a": 1, "network-b": 2 } ],
	"peer": [ {
		"device": 1, "public-key": "'$key'", "keepalive": 25,
		"endpoint-ipv4": 3221225985, "endpoint-port": 51820 } ],
	"member": [
		{ "network": 1, "device": 1, "ipv4": 167772161 },
		{ "network": 1, "device": 1, "ipv4": 167772162, "public-key": "'$key'" } ] }'

info_get_tells_version_capabilities_and_limits_by_a_spec_that_fits_the_schema() {
	local reply
	reply=$("$python" "$cli" --spec "$scratch/specs/lbmesh.yaml" --output-json --do info-get)
	has "$reply" '"family-version": 1'
	has "$reply" '"module-version": "[0-9]'
	has "$reply" '"mesh"'
	has "$reply" '"peers": 20480'
}

# settled: waits until no commit is running; prints the generation.
settled() {
	local reply=
	for _ in {1..50}; do
		reply=$(ynl --do generation-get)
		if ! grep -q '"state": "committing"' <<<"$reply"; then break; fi
		sleep 0.1
	done
	echo "$reply"
}

a_commit_is_answered_with_a_cookie_and_comes_into_force() {
	local reply
	has "$(ynl --do commit --json "$commit")" '"cookie": [1-9]'
	reply=$(settled)
	has "$reply" '"generation": 1'
	has "$reply" '"state": "active"'
	has "$reply" '"errno": 0'
	has "$reply" '"peers": 1'
	has "$reply" '"members": 2'
	wg show wg0 allowed-ips | grep -q $'\t10.0.0.2/32$'
}

dumps_show_the_peer_and_the_members() {
	local reply
	reply=$(ynl --dump peer-get)
	has "$reply" '"generation": 1'
	# cli.py shows a key as "00 11 22", or as "001122" where the spec has no display-hint.
	has "${reply// /}" "\"public-key\":\"$key\""
	has "$reply" '"endpoint-ipv4": "192.0.2.1"'
	has "$reply" '"endpoint-port": 51820'
	has "$reply" '"keepalive": 25'
	reply=$(ynl --dump member-get)
	has "$reply" '"ipv4": "10.0.0.1"'
	has "$reply" '"ipv4": "10.0.0.2"'
}

a_refusal_shows_the_sentence_and_the_attribute() {
	local reply
	if reply=$(ynl --do commit --json '{
		"mode": "replace", "device": [ { "id": 1, "ifname": "nosuch" } ] }'); then
		echo "the commit was accepted: $reply"
		return 1
	fi
	has "$reply" 'device: '
	has "$reply" 'bad-attr.*ifname'
}

ip link add wg0 type wireguard 2>/dev/null || skip_all "this kernel has no WireGuard"
tap_run info_get_tells_version_capabilities_and_limits_by_a_spec_that_fits_the_schema \
	a_commit_is_answered_with_a_cookie_and_comes_into_force \
	dumps_show_the_peer_and_the_members \
	a_refusal_shows_the_sentence_and_the_attribute
tap_end
