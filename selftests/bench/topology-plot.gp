# Draws what topology-table.awk has written: gnuplot -e "name='build/bench/topology'" topology-plot.gp makes NAME.png,
# CPU time of a change against the number of hosts.
set terminal pngcairo size 1000,700 font "sans,11"
set logscale xy
set grid
set key left top
set xlabel "hosts (a network for every ten, sizes by Zipf's law)"
set ylabel "milliseconds of CPU"
set format y "%g"
set output name.".png"
set title "A change of the topology, sent to everyone whom it concerns"
plot name.".growth" using 1:4 with linespoints title "full recompute, nothing sent", \
	"" using 1:2 with linespoints linewidth 3 title "lbmesh, a join", \
	"" using 1:3 with linespoints linewidth 3 title "lbmesh, a leave"
