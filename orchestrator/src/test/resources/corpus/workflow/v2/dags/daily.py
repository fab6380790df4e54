# daily, of release 2
