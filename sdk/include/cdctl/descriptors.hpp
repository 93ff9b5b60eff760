#pragma once

namespace cdctl {

/// Opens those of the descriptors 0 to 2 that are closed, for nothing: reading and writing them
/// fails as before, and no file or socket of ours gets their number and with it what was meant for
/// a terminal. The first thing that a program does.
void hold_standard_descriptors();

}  // namespace cdctl
