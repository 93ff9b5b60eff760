#include "run.hpp"

int main(int argc, char** argv) { return cdctl::cli::run_main(argc, argv); }
