# Draws what fw-table.awk has written: gnuplot -e "name='build/bench/fw'" fw-plot.gp makes NAME.png, a packet against
# the number of rules, and NAME-load.png, loading them.
set terminal pngcairo size 1000,700 font "sans,11"
set datafile missing "?"
set logscale xy
set grid
set key outside right
set xlabel "rules"
set xtics ("10" 10, "100" 100, "1k" 1e3, "10k" 1e4, "100k" 1e5)
set ylabel "instructions a packet, beyond connection tracking"
set output name.".png"
set title "A packet that matches the last rule"
plot name.".packets" using 1:2 with linespoints title "nft linear", \
	"" using 1:3 with linespoints title "nft -o", \
	"" using 1:4 with linespoints title "nft pipapo, ranges", \
	"" using 1:5 with linespoints title "nft hash, exact", \
	"" using 1:6 with linespoints title "ipset hash:net,port,net", \
	"" using 1:9 with lines dashtype 2 title "one ct state rule", \
	"" using 1:8 with linespoints linewidth 3 title "lbmesh, miss", \
	"" using 1:7 with linespoints linewidth 3 title "lbmesh, hit"
set output name."-load.png"
set ylabel "millions of instructions"
set title "Loading the rules, by a program that is started for it"
plot name.".loads" using 1:2 with linespoints title "nft linear", \
	"" using 1:3 with linespoints title "nft pipapo, ranges", \
	"" using 1:4 with linespoints title "nft hash, exact", \
	"" using 1:5 with linespoints linewidth 3 title "lbmesh"
