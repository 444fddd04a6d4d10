"""Near a token's end: both clocks, the lines that say so, and the renewal that makes them needless."""
