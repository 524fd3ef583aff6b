/* room.c: the drawing room of the program, which is no library.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/canvas.c"
#include "cli/draw/font.c"
#include "cli/draw/photo.c"
#include "cli/draw/ramp.c"
#include "cli/draw/scene.c"
#include "cli/draw/svg.c"
#include "cli/out/html.c"
