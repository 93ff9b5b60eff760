"""The parts of the stand-in for juju: see ../juju and ../juju_control."""
