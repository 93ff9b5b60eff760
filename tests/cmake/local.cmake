# The local engine, its supervisor, its memory and its feed
foreach(part IN ITEMS local_parts local_engine local_hell local_crash local_memory local_feed local_probe)
  cdctl_unit_test(${part} LIBRARIES local_core)
endforeach()
