/** Git's mode of an entry of a tree that is a folder. */
export const folderMode = "40000";
