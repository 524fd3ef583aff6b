return deform_con2d { }
