return include "/etc/passwd"
