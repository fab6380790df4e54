# weekly, leaves with release 2
