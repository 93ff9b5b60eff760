cdctl_unit_test(sdk)
cdctl_unit_test(signal)
