/* main.c - apart from the harness, so that the fuzz drivers can use the shared files with a main() of their own. */
#include "harness.h"

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
