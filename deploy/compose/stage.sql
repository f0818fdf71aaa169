-- Run once, when MySQL's volume is new. Prod's database and the user come from MySQL's variables.
CREATE DATABASE IF NOT EXISTS bellwether_stage;
GRANT ALL ON bellwether_stage.* TO 'bellwether'@'%';
