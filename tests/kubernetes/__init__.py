"""The chart's pods, played by podman (`make kube`)."""
