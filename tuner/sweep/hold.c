/* hold.c: which process has an item in hand.
**
** An item is held by a lock of the machine that is named after the item and the database.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/hold.h"
#include "tuner/sweep/lock.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *sweep_boot(char buf[64])
{
    buf[0] = '\0';
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f && !fgets(buf, 64, f))
        buf[0] = '\0';
    if (f)
        fclose(f);
    buf[strcspn(buf, "\n")] = '\0';
    return buf;
}

/* The file by its number, so that two paths to it are one. */
static void hold_name(const TuneStore *db, const char *item, char buf[96])
{
    struct stat st = { .st_ino = 0 };
    (void)stat(tune_store_path(db), &st);
    snprintf(buf, 96, "item/%.16s/%llx/%llx", item, (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
}

int sweep_hold(TuneStore *db, const char *item, dcn_error *err)
{
    char name[96];
    hold_name(db, item, name);
    return sweep_lock(name, err);
}

/* Nobody can look into another machine. */
bool sweep_is_running(const TuneStore *db, const char *item, const char *item_boot)
{
    char name[96], boot[64];
    if (strcmp(item_boot, sweep_boot(boot)) != 0)
        return true;
    hold_name(db, item, name);
    return sweep_is_locked(name);
}
