"""Files of strangers are opened in a child process, with bounded memory and time.

`parent.Child` runs a script and speaks with it; the script serves one file by `child.serve`.
"""
