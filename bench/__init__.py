"""The benchmark: what the warehouse costs, as ratios to floors and peers measured in the same run (`make bench`)."""
