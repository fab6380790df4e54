# daily, of release 1
