"""The samples of deploy/proxies, in front of real replicas (`make proxies`)."""
