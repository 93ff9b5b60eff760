#pragma once

namespace cdctl::cli {

/// The whole program: parses the command line, runs the command, returns the exit code. Throws
/// nothing.
int run_main(int argc, char** argv) noexcept;

}  // namespace cdctl::cli
