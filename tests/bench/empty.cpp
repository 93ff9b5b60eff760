// What every C++ program pays before it does anything: the peer of `cdctl version` and `cdctl ls`.
#include <iostream>

int main() { std::cout << ""; }
