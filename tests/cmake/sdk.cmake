cdctl_unit_test(sdk)
