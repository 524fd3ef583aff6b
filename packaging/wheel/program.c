/* program.c: the program dcngen of the wheel, all of which is in the library beside it.
** SPDX-License-Identifier: Apache-2.0
*/
int dcngen_main(int argc, char **argv);

int main(int argc, char **argv)
{
    return dcngen_main(argc, argv);
}
